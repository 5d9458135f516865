/** The credit-card API's messages as JAXB classes, and a program that uses them. */
@XmlSchema(
        namespace = "http://schemas.datacontract.org/2004/07/Payments.Api.Models",
        elementFormDefault = XmlNsForm.QUALIFIED)
package tollgate;

import javax.xml.bind.annotation.XmlNsForm;
import javax.xml.bind.annotation.XmlSchema;
