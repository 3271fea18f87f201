/** Version of eks-deploy; a test holds it to package.json. */
export const toolVersion = "1.0.0";
